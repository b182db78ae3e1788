/** Sentences of the sources, for the pages that list them: each `…` is what the program fills in. Neighbour: docs-rules. */
import ts from 'typescript'

/** What is not printed by a command at work: log lines, and texts of its help. */
const OTHERS =
  /^(?:(?:\w|\.|#)*(?:logger(?:\(\))?|faults)\.\w+|onNote|.*\.(?:option|requiredOption|argument|summary|description|addHelpText)|Option|with\w*StoreFlags)$/s

/**
 * Those of one source file, each once, as they are put together by + or a template. What a log line or the help says is left
 * out, and so is what has no two words.
 */
export function sentencesOf(text: string): string[] {
  const source = ts.createSourceFile('', text, ts.ScriptTarget.Latest, true)
  const found = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      // A chain of calls: each link is judged by itself.
      if (OTHERS.test(node.expression.getText())) return visit(node.expression)
    }
    const sentence = sentenceOf(node)
    if (sentence === undefined) return ts.forEachChild(node, visit)
    if (/[\w’…,] [\w(…]/.test(sentence) && /[a-z] [a-z(…]/.test(sentence))
      found.add(sentence.trim())
    for (const open of openIn(node)) visit(open)
  }
  visit(source)
  return [...found]
}

/** undefined: no text. */
function sentenceOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  }
  if (!isSum(node)) return undefined
  const [left, right] = [sentenceOf(node.left), sentenceOf(node.right)]
  if (left === undefined && right === undefined) return undefined
  return `${left ?? '…'}${right ?? '…'}`
}

function isSum(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken
}

/** The expressions that fill in what is left open. */
function openIn(node: ts.Node): readonly ts.Node[] {
  if (ts.isTemplateExpression(node)) return node.templateSpans.map((span) => span.expression)
  if (!isSum(node)) return []
  return [node.left, node.right].flatMap((side) =>
    sentenceOf(side) === undefined ? [side] : openIn(side),
  )
}
