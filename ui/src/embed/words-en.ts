export const messages = {
  open: 'Open on trythisonbrowser',
  missing: 'There is no such project here any more.',
};
