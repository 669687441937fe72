export const messages = {
  title: 'Administration',
};
