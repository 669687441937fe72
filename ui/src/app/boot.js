// Runs before the first paint. Keep it tiny: it blocks.
(function () {
  var root = document.documentElement;
  var messages = "__MESSAGES__";
  var theme = null;
  var language = null;
  try {
    theme = localStorage.getItem('ttob-theme');
    language = localStorage.getItem('ttob-language');
  } catch (_) {
    // No storage: the system's theme and the browser's language.
  }
  if (theme !== 'light' && theme !== 'dark') theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  root.dataset.theme = theme;
  if (language !== 'ko' && language !== 'en') {
    language = (navigator.languages || [navigator.language]).map(function (l) { return String(l).slice(0, 2); })
      .filter(function (l) { return l === 'ko' || l === 'en'; })[0] || 'en';
  }
  root.lang = language;
  if (messages[language] && messages[language][0] === '/') {
    var link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = messages[language];
    document.head.appendChild(link);
  }
})();
