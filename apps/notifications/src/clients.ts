/** Tokens of the clients that this service publishes with. */
export const EVENTS = 'EVENTS';
export const COMMANDS = 'COMMANDS';
