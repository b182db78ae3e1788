/** The text of THIRD_PARTY_NOTICES, as it should be now. */
export function notices(): Promise<string>
