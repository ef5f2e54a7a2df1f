/** docs/errors.md, generated from the table of errors. */
import { causesOf } from '../../lib/errors/diagnoses/index.ts';
import { type Details, type ErrorCode, errorTable, grpcCode, KubejoinError, shownToCaller } from '../../lib/errors.ts';
import { listItem, table } from './table.ts';

const lists: Details = {
	problems: ['{problem}'],
	presented: ['{presented}'],
	pinned: ['{pinned}'],
	allowed: ['{allowed}'],
	known: ['{known}'],
	begun: ['{begun}'],
	near: ['{near}'],
	causes: [{ field: '{field}', reason: '{reason}', message: '{message}' }],
};
/** Placeholders for details: each shows its own name. A fact that is a list has one item. */
const placeholders: Details = new Proxy(lists, { get: (_target, name) => lists[String(name)] ?? `{${String(name)}}` });

export interface ErrorEntry {
	readonly code: ErrorCode;
	readonly error: KubejoinError;
	/** With advice of their own. */
	readonly causes: readonly { readonly cause: string; readonly error: KubejoinError }[];
}

const withoutRemedy: Details = new Proxy(lists, {
	get: (_target, name) => (name === 'remedy' ? undefined : placeholders[String(name)]),
});

/** With the remedy of the code, where not every error has one of its own. */
function sampleOf(code: ErrorCode): KubejoinError {
	const error = new KubejoinError(code, withoutRemedy as never);
	const remedy: string | undefined = error.remedy;
	return remedy === undefined ? new KubejoinError(code, placeholders as never) : error;
}

/** Every error, with placeholders for its details. */
export const errorEntries = (): readonly ErrorEntry[] =>
	(Object.keys(errorTable) as ErrorCode[]).map((code) => ({
		code,
		error: sampleOf(code),
		causes: causesOf(code).map((cause) => ({ cause, error: new KubejoinError(code, withCause(cause) as never) })),
	}));

const grpcNames = new Map(Object.entries(grpcCode).map(([name, code]) => [code as number, name]));

const remedyOf = ({ remedy }: KubejoinError): string =>
	remedy.includes('\n')
		? `- Do this:\n\n  \`\`\`text\n  ${remedy.replaceAll('\n', '\n  ')}\n  \`\`\``
		: listItem(`Do this: ${remedy}`);

function entryOf({ code, error, causes }: ErrorEntry) {
	const { http } = errorTable[code];
	const link = `[${code}](#${code.toLowerCase()})`;
	const row = [
		link,
		grpcNames.get(error.grpc) ?? '',
		http === undefined ? '-' : `${http.status} ${http.reason}`,
		String(error.exitCode),
	];
	const inLog = 'The log of the service contains this error.';
	const publicCode = shownToCaller(error).code;
	const shown =
		publicCode === code ? '' : `A client receives [${publicCode}](#${publicCode.toLowerCase()}) instead. ${inLog}\n\n`;
	const byCause = causes.map((one) => `When \`cause\` is \`${one.cause}\`:\n\n${adviceOf(one.error)}`);
	const advice = [adviceOf(error), ...byCause].join('\n');
	const section = `## ${code}\n\n\`\`\`text\n${error.message}\n\`\`\`\n\n${shown}${advice}`;
	return { row, section };
}

/** Causes and remedy, as a list. */
const adviceOf = (error: KubejoinError): string =>
	[
		...(error.mostLikely === undefined ? [] : [listItem(`Most likely: ${error.mostLikely}`)]),
		...error.alsoPossible.map((text) => listItem(`Also possible: ${text}`)),
		remedyOf(error),
		'',
	].join('\n');

const withCause = (cause: string): Details =>
	new Proxy(lists, { get: (_target, name) => (name === 'cause' ? cause : placeholders[String(name)]) });

export function errorPage(): string {
	const entries = errorEntries().map(entryOf);
	return `# Errors

Generated from [lib/errors/table](../lib/errors/table/index.ts) by \`npm run docs\`; do not edit this page.

Each failure has a code, a message, usually its likely causes, and a remedy. The meaning of a code never changes. Where
Kubernetes has a message, it is that message. Braces mark values. The code is the same in a terminal, in a log and in
the trailer of a gRPC call; over HTTP it becomes a Kubernetes \`Status\`. The last column is the exit code of a program
that ends with this error.

${table(
	['code', 'gRPC', 'HTTP', 'exit'],
	entries.map(({ row }) => row),
)}

${entries.map(({ section }) => section).join('\n')}`;
}
