import type { DocsText } from './types.ts';

export const docs: DocsText = {
  sections: [
    {
      id: 'visitors',
      title: 'For visitors',
      lead: 'Press Try. The program runs on this site’s machine; your browser shows its terminal.',
      items: [
        { title: 'One at a time', text: 'You have one running sandbox. Trying another asks to end the first. What is inside an ended sandbox is gone.' },
        { title: 'A reload loses nothing', text: 'Close the tab, lose the network, reload: the shell goes on. Come back to the project’s page, or find it under My containers.' },
        { title: 'Time', text: 'The time left stands above the terminal. Extend gives more while it is allowed. A sandbox where nothing is typed for a while is put away.' },
        { title: 'Copy and paste', text: 'Select to mark, Ctrl+Shift+C copies, Ctrl+Shift+V pastes (⌘C and ⌘V on a Mac). The right mouse button works too. A program in the sandbox may put text on your clipboard, but can never read it.' },
        { title: 'Keys', text: '/ jumps to the search. Tab belongs to the terminal while you are in it; Ctrl+Shift+F6 leaves it. On a phone, a row of keys gives you Esc, Tab, Ctrl, Alt and the arrows; Ctrl and Alt hold for the next key.' },
        { title: 'More shells', text: 'The + beside the tabs opens one more shell in the same sandbox. “exit” closes it.' },
      ],
    },
    {
      id: 'authors',
      title: 'For authors',
      lead: 'A project is a description, a read-me and the way to install it. The page stays fresh, because it is the program.',
      items: [
        { title: 'The read-me teaches by doing', text: 'Every shell block gets a Run button that sends its lines to the visitor’s terminal. Begin with “try this first”.', code: '```sh\nfiglet hello\n```' },
        { title: 'A smoke command', text: 'It proves after each build that the program runs. A project shows when that was last seen.' },
        { title: 'Link to it', text: 'The address of a project’s page with ?try at its end starts a sandbox at once.', code: '/p/taste/figlet?try' },
      ],
    },
    {
      id: 'operators',
      title: 'For operators',
      lead: 'One command on one Linux machine; safe limits from the start.',
      items: [
        { title: 'Start it', text: 'It listens on 127.0.0.1:8080 unless told otherwise. Put your own TLS proxy in front of it.', code: 'ttob up' },
        { title: 'Is it well?', text: '/healthz says that it lives, /readyz that it can take visitors.', code: 'curl -s http://127.0.0.1:8080/readyz' },
        { title: 'The API', text: 'Everything that these pages do goes through /api/v1, and so can your programs.', code: 'curl -s http://127.0.0.1:8080/api/v1/projects' },
      ],
    },
  ],
  about: [
    { title: 'A tasting corner for open source', text: 'Reading about a program tells little; a minute with it tells a lot. Here you press Try and use the program itself, in a real shell, in your browser. When you leave, nothing stays behind on your machine or ours.' },
    { title: 'How it works', text: 'Each try is a Linux sandbox of its own, with its own processes, files and limits, started from an image that was built and checked before. The terminal travels over one connection that survives a lost network.' },
    { title: 'What is kept', text: 'A cookie tells this browser’s sandboxes from those of others. What you type is not recorded, and no third party is asked for anything: fonts, scripts and pictures come from this site alone.' },
    { title: 'Open source itself', text: 'The fonts are Pretendard, JetBrains Mono and Nanum Gothic Coding, the terminal is xterm.js. Their licences are listed at the foot of every page.' },
  ],
};
