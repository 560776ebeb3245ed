// Answers for a script of another deployment: the page that asks for it is a moment too old or too new. Loads the
// page once more; if that does not help, says so.
if (performance.getEntriesByType('navigation')[0]?.type === 'reload') document.getElementById('late').classList.add('now');
else location.reload();
