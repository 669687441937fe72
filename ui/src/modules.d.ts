// A style sheet split in two by build/fonts.ts.
declare module '*.css?part=latin';
declare module '*.css?part=rest';
