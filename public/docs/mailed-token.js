// What the pages that mails link to have in common. The token stands behind the #, so that no server logs it.
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
history.replaceState(null, '', location.pathname);

const outcome = document.querySelector('#outcome');
if (token === '') outcome.textContent = 'This link is not complete. Open it from the mail again.';

/** Sends the token and what goes with it. @returns whether it was taken; if not, the page says why. */
window.redeem = async (path, fields = {}) => {
  outcome.textContent = 'One moment …';
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, ...fields }),
    });
    if (response.ok) return true;
    const problem = await response.json();
    const reasons = problem.code === 'invalid_token' ? [] : (problem.errors ?? []).map(({ message }) => message);
    outcome.textContent = [problem.detail, ...reasons].join(' ');
  } catch {
    outcome.textContent = 'The service cannot be reached. Try again shortly.';
  }
  return false;
};

window.finish = (form, message) => {
  form.hidden = true;
  outcome.textContent = message;
};
