/** The contrast of text with what is behind it, from the styles that the browser has computed: WCAG 2, 1.4.3 (AA). Neighbour: look.test. */
import type { Page } from 'puppeteer-core'

/**
 * All text that can be seen and has less contrast than 4.5, or 3 where it is large: "color on color 3.2: text". Placeholders, too; text
 * of disabled controls is excepted, as in WCAG.
 */
export async function dimTexts(page: Page): Promise<string[]> {
  // tsx gives each function its name with it.
  await page.evaluate('globalThis.__name = (one) => one')
  return page.evaluate(() => {
    type Colour = readonly [red: number, green: number, blue: number, alpha: number]
    const LARGE_PX = 24
    const LARGE_BOLD_PX = 18.66
    const parse = (text: string): Colour => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
      return [red, green, blue, alpha]
    }
    const over = (top: Colour, below: Colour): Colour => {
      const mixed = (i: 0 | 1 | 2) => top[i] * top[3] + below[i] * (1 - top[3])
      return [mixed(0), mixed(1), mixed(2), 1]
    }
    const luminance = ([red, green, blue]: Colour): number => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const contrast = (a: Colour, b: Colour): number => {
      const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
      return (high + 0.05) / (low + 0.05)
    }
    const behind = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1]
      const own = parse(getComputedStyle(element).backgroundColor)
      return own[3] === 1 ? own : over(own, behind(element.parentElement))
    }
    const opacity = (element: Element | null): number =>
      element === null
        ? 1
        : Number(getComputedStyle(element).opacity) * opacity(element.parentElement)
    const found: string[] = []
    const judge = (element: Element, style: CSSStyleDeclaration, text: string) => {
      const below = behind(element)
      const [red, green, blue, alpha] = parse(style.color)
      const ratio = contrast(over([red, green, blue, alpha * opacity(element)], below), below)
      const px = Number.parseFloat(style.fontSize)
      const isLarge = px >= LARGE_PX || (px >= LARGE_BOLD_PX && Number(style.fontWeight) >= 700)
      if (ratio < (isLarge ? 3 : 4.5))
        found.push(
          `${style.color} on ${below.slice(0, 3)} ${ratio.toFixed(2)}: ${text.slice(0, 60)}`,
        )
    }
    const isSeen = (element: Element): boolean =>
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
      element.closest('.hidden, :disabled, [aria-disabled=true], label:has(:disabled)') === null
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    let texts = 0
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement
      const text = node.textContent?.trim() ?? ''
      if (text === '' || element === null || !isSeen(element)) continue
      texts++
      judge(element, getComputedStyle(element), text)
    }
    for (const field of document.querySelectorAll('input, textarea')) {
      if (!isSeen(field)) continue
      const hint = field.getAttribute('placeholder')
      judge(field, getComputedStyle(field), `the value of ${field.getAttribute('name')}`)
      if (hint !== null) judge(field, getComputedStyle(field, '::placeholder'), hint)
    }
    return texts === 0 ? ['no text was found'] : found
  })
}
