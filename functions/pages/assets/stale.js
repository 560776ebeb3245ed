// The service sends this instead of a script of another deployment: the page is older or newer than the scripts. It reloads
// the page once. If that does not help, it shows the line "Still loading?".
if (performance.getEntriesByType('navigation')[0]?.type === 'reload') document.getElementById('late').classList.add('now');
else location.reload();
