/** Enough of an XML reader to tell whether a picture can be shown. */

/** What is wrong, or undefined. */
export function wellFormed(xml: string): string | undefined {
  const open: string[] = []
  let at = 0
  for (const match of xml.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi)) {
    const problem = badText(xml.slice(at, match.index))
    if (problem !== undefined) return problem
    at = match.index + match[0].length
    const [, closing, name, attributes, empty] = match
    const names = [...attributes!.matchAll(/([\w:-]+)="([^"]*)"/g)]
    if (new Set(names.map(([, key]) => key)).size < names.length) return `doubled in ${name}`
    for (const [, , value] of names) if (badText(value!) !== undefined) return badText(value!)
    if (closing === '/') {
      if (open.pop() !== name) return `</${name}> closes something else`
    } else if (empty !== '/') open.push(name!)
  }
  if (open.length > 0) return `<${open.at(-1)}> is not closed`
  return badText(xml.slice(at))
}

const badText = (text: string): string | undefined =>
  /</.test(text) || /&(?!(?:amp|lt|gt|quot);)/.test(text) ? `not escaped: ${text}` : undefined
