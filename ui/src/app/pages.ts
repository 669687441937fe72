// Pages outside the first script, with the messages that they need.
const people = async <T>(page: Promise<T>): Promise<T> => {
  const [found] = await Promise.all([page, import('../i18n/people.ts').then((words) => words.people.load())]);
  return found;
};
const admin = async <T>(page: Promise<T>): Promise<T> => {
  const [found] = await Promise.all([page, import('../i18n/admin.ts').then((words) => words.admin.load())]);
  return found;
};

const mine = async <T>(page: Promise<T>): Promise<T> => {
  const [found] = await Promise.all([page, import('../parts/mine-words.ts').then((words) => words.mine.load())]);
  return found;
};
/** Pages whose dialogs are about a project's badge and the like. */
const feedback = async <T>(page: Promise<T>): Promise<T> => {
  const [found] = await Promise.all([page, import('../feedback/words.ts').then((words) => words.feedback.load())]);
  return found;
};
/** Forms of publishing: with the words of forms, and of badges for what comes out. */
const publish = <T>(page: Promise<T>): Promise<T> =>
  people(feedback(Promise.all([page, import('../publish/words.ts').then((words) => words.publish.load())]).then(([found]) => found)));

export const pages = {
  project: () => import('../pages/ProjectPage.svelte'),
  docs: () => import('../pages/DocsPage.svelte'),
  about: () => import('../pages/AboutPage.svelte'),
  containers: () => mine(import('../pages/ContainersPage.svelte')),
  likes: () => mine(import('../pages/LikesPage.svelte')),
  projects: () => publish(mine(import('../publish/MyProjectsPage.svelte'))),
  statistics: () => mine(import('../pages/StatisticsPage.svelte')),
  create: () => publish(import('../publish/NewPage.svelte')),
  edit: () => publish(mine(import('../publish/EditPage.svelte'))),
  build: () => publish(mine(import('../publish/BuildPage.svelte'))),
  login: () => people(import('../account/LoginPage.svelte')),
  register: () => people(import('../account/RegisterPage.svelte')),
  user: () => people(import('../account/UserPage.svelte')),
  settings: () => people(import('../settings/SettingsPage.svelte')),
  admin: () => admin(import('../admin/AdminPage.svelte')),
};
