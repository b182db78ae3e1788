/** A store's URL without its credentials. */
export function shownUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@')
}
