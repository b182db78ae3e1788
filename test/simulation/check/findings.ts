/** Violations of laws, collected. */

export interface Violation {
  readonly law: string
  readonly what: string
}

export class Findings {
  readonly violations: Violation[] = []

  add(law: string, what: string): void {
    this.violations.push({ law, what })
  }
}
