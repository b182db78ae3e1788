/** Names and data of others, made harmless for a terminal and for lines. Neighbours: data-text, output. */

/**
 * Controls, formats such as changes of direction, separators of lines, halves of pairs, and what takes no place and may still be a part
 * of a name, such as fillers and tags. Joiners of scripts and emoji may stay, and so may what chooses between a sign and its emoji.
 */
const HARMFUL =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
/** The same, but for what lays out text. */
const HARMFUL_IN_TEXT =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f|\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu
/** The same but for line feeds between values, and joiners: here they are not lost. JSON.stringify has escaped halves of pairs. */
const HARMFUL_IN_JSON =
  /(?!\ufe0e|\ufe0f|\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const short = SHORT[character]
  return short ?? `\\u{${(character.codePointAt(0) as number).toString(16)}}`
}

/** On one line: what could move a cursor, hide text or begin a line is written as an escape. */
export function printable(text: string): string {
  return text.replace(HARMFUL, escaped)
}

/** As {@link printable}, and line feeds and tabs stay. */
export function printableText(text: string): string {
  return text.replace(HARMFUL_IN_TEXT, escaped)
}

/** JSON in which no text holds what a terminal would obey, or what would hide or turn around text: it means the same. */
export function printableJson(json: string): string {
  // Most has none, and to see that takes a quarter of the time.
  if (!/[\u007f-\uffff]/.test(json)) return json
  return json.replace(HARMFUL_IN_JSON, (character) => character.split('').map(unicode).join(''))
}

const unicode = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Characters that take two columns. Source: East Asian Width W and F, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const COMBINING = /\p{Mn}|\p{Me}|[\u200c\u200d]/u

/** Columns that a printable text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (character < '\u0300') width++
    else if (COMBINING.test(character)) continue
    else width += WIDE.test(character) ? 2 : 1
  }
  return width
}

/** Filled up with spaces to so many columns. */
export function padded(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - widthOf(text)))
  return side === 'left' ? `${text}${space}` : `${space}${text}`
}
