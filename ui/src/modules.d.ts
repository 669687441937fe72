// A style sheet split in two by build/fonts.ts.
declare module '*.css?part=latin';
declare module '*.css?part=rest';
declare module 'spdx-license-ids' {
  const ids: readonly string[];
  export default ids;
}
