/** What can go wrong with a folder; each message says what to do. */
import { StoreError } from '../../lib/model/errors.ts'

/** The folder cannot be used as it is. A retry does not help until an operator has acted. */
export function unusable(message: string, cause?: unknown): StoreError {
  return new StoreError('STORE_UNAVAILABLE', message, { retriable: false, cause })
}

/** The data is there, but not as it was written. */
export function damaged(folder: string, what: string, cause?: unknown): StoreError {
  return new StoreError(
    'STORE_INTERNAL',
    `the data in ${folder} is damaged: ${what}. Nothing was changed; restore the folder from a backup`,
    { cause },
  )
}

export function noSpace(message: string, cause?: unknown): StoreError {
  return new StoreError('STORE_NO_SPACE', message, { cause })
}

/** The system's texts, which are all that the driver gives, some with a colon and its step behind them, and Node's codes. */
const CODES: Readonly<Record<string, string>> = {
  'No space left on device': 'ENOSPC',
  'Disk quota exceeded': 'EDQUOT',
  'File too large': 'EFBIG',
  'Permission denied': 'EACCES',
  'Read-only file system': 'EROFS',
}

/** Why a file or folder could not be opened or written, by Node's error codes. */
export function fromFileSystem(error: unknown, folder: string): StoreError {
  if (error instanceof StoreError) return error
  const { code, message = '' } = (error ?? {}) as NodeJS.ErrnoException
  const [text = ''] = message.split(': ')
  switch (code ?? CODES[text]) {
    case 'EACCES':
    case 'EPERM':
      return unusable(`${folder} cannot be written by this user: give it write permission`, error)
    case 'EROFS':
      return unusable(`${folder} is on a read-only file system`, error)
    case 'ENOTDIR':
    case 'EEXIST':
      return unusable(`${folder} is not a folder, or a part of its path is not`, error)
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return noSpace(`there is no space left for ${folder}`, error)
    default:
      return unusable(`${folder} cannot be used: ${(error as Error)?.message ?? error}`, error)
  }
}
