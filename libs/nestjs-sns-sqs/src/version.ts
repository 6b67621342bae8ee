/** Of this package, for the command line and as the version of its instrumentation scope. A spec keeps it equal to package.json. */
export const VERSION = '0.1.0';
