/** The form for the credentials that the API demands. */
import { signIn } from './api.js'
import { html, Trouble } from './view.js'

/** @param {{ error: string | undefined, onDone: () => void }} props */
export const SignIn = ({ error, onDone }) => {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const { elements } = /** @type {HTMLFormElement} */ (event.target)
    const value = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement} */ (elements.namedItem(name)).value
    signIn(value('user').trim(), value('secret'))
    onDone()
  }
  return html`<main class="sign-in">
    <form class="pane" onSubmit=${submit}>
      <h1>anykeeper</h1>
      <p>What is stored here is shown to those with the admin token (<code>--admin-token-file</code>) or the password of a super user (<code>--super-digest</code>).</p>
      <${Trouble} error=${error} />
      <label>User <span class="quiet">(empty: with the token)</span><input name="user" autocomplete="username" spellcheck=${false} /></label>
      <label>Token or password<input name="secret" type="password" required autocomplete="current-password" /></label>
      <button class="main">Sign in</button>
      <p class="quiet">Kept in this tab until it is closed.</p>
    </form>
  </main>`
}
