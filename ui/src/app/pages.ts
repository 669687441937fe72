// Pages outside the first script, with the messages that they need.
const people = async <T>(page: Promise<T>): Promise<T> => {
  const [found] = await Promise.all([page, import('../i18n/people.ts').then((words) => words.people.load())]);
  return found;
};
const admin = async <T>(page: Promise<T>): Promise<T> => {
  const [found] = await Promise.all([page, import('../i18n/admin.ts').then((words) => words.admin.load())]);
  return found;
};

export const pages = {
  docs: () => import('../pages/DocsPage.svelte'),
  about: () => import('../pages/AboutPage.svelte'),
  likes: () => import('../pages/LikesPage.svelte'),
  projects: () => import('../pages/MyProjectsPage.svelte'),
  statistics: () => import('../pages/StatisticsPage.svelte'),
  login: () => people(import('../account/LoginPage.svelte')),
  register: () => people(import('../account/RegisterPage.svelte')),
  user: () => people(import('../account/UserPage.svelte')),
  settings: () => people(import('../settings/SettingsPage.svelte')),
  admin: () => admin(import('../admin/AdminPage.svelte')),
  embed: () => import('../embed/EmbedPage.svelte'),
};
