/** The library's public door. */

export * from './errors.ts'
export * from './request.ts'
