/**
 * Every error that kubejoin can name: one class and one table. Programs use the code, which never changes its meaning;
 * people read the message, the most likely cause and the remedy. No error holds a token secret or a private key.
 */
export { causeText } from './causes.ts';
export {
	asKubejoinError,
	type ErrorOptions,
	fromWireError,
	hasCode,
	ignoring,
	KubejoinError,
	shownToCaller,
	type WireError,
} from './errors/error.ts';
export { type Details, type FieldProblem, grpcCode } from './errors/row.ts';
export { qualifiedResource } from './errors/table/api.ts';
export { type DetailsOf, type ErrorCode, errorTable } from './errors/table/index.ts';
