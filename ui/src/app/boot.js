// Runs before the first paint. Keep it tiny: it blocks.
(function () {
  var root = document.documentElement;
  var messages = "__MESSAGES__";
  var project = ["__PROJECT__"];
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
  var files = location.pathname.slice(0, 3) === '/p/' ? project : [];
  if (messages[language]) files = files.concat(messages[language]);
  files.forEach(function (file) {
    if (file[0] !== '/') return; // not built: the development server
    var link = document.createElement('link');
    link.rel = /\.css$/.test(file) ? 'preload' : 'modulepreload';
    if (link.rel === 'preload') link.as = 'style';
    link.crossOrigin = ''; // as the page's script asks for them; else they come twice
    link.href = file;
    document.head.appendChild(link);
  });
})();
