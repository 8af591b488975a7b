document.querySelector('#reset').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const newPassword = new FormData(form).get('password');
  if (await window.redeem('/v1/auth/password/reset', { newPassword })) {
    window.finish(form, 'Your new password holds. All sessions were ended: log in again.');
  }
});
