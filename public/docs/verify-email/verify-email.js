// A button, because programs that look through mails open links, and would use the token up.
document.querySelector('#verify').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  if (await window.redeem('/v1/auth/email/verify')) window.finish(form, 'Thank you: your address is confirmed.');
});
