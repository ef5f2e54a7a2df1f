/** The error class of kubejoin. Its message, remedy and form on each wire come from the row of its code. */
import { randomUUID } from 'node:crypto';
import { printableDeep } from '../text.ts';
import { alsoPossible, mostLikely, remedyOfCause } from './diagnoses/index.ts';
import type { Details, HttpForm, Row } from './row.ts';
import { type DetailsOf, type ErrorCode, errorTable } from './table/index.ts';

const rowOf = (code: ErrorCode) => errorTable[code] as Row<Details>;

export interface ErrorOptions {
	readonly cause?: unknown;
}

export class KubejoinError<C extends ErrorCode = ErrorCode> extends Error {
	readonly code: C;
	readonly details: Details;
	/** The workflow phase that failed; set by the workflow runner. */
	phase?: string;
	/** A server answered with it: a connection that failed is one of that server. */
	isAnswer = false;

	constructor(code: C, details: DetailsOf<C>, options: ErrorOptions = {}) {
		super(rowOf(code).message(details as Details), options);
		this.name = code;
		this.code = code;
		this.details = details as Details;
	}

	get remedy(): string {
		return remedyOfCause(this.code, this.details) ?? rowOf(this.code).remedy(this.details);
	}
	/** The most likely cause; undefined if the details do not identify one. */
	get mostLikely(): string | undefined {
		return mostLikely(this.code, this.details, this.phase);
	}
	/** Other possible causes, at most three. */
	get alsoPossible(): readonly string[] {
		return alsoPossible(this.code, this.details, this.phase);
	}
	get grpc(): number {
		return rowOf(this.code).grpc;
	}
	get http(): HttpForm {
		return rowOf(this.code).http ?? { status: 500, reason: 'InternalError' };
	}
	get exitCode(): number {
		return rowOf(this.code).exitCode ?? 1;
	}
}

/** True for a KubejoinError with one of the codes. */
export function hasCode<C extends ErrorCode>(error: unknown, ...codes: C[]): error is KubejoinError<C> {
	return error instanceof KubejoinError && (codes as string[]).includes(error.code);
}

/** For `catch`: drops an error with one of the codes, and throws any other again. */
export const ignoring =
	(...codes: ErrorCode[]) =>
	(error: unknown): undefined => {
		if (!hasCode(error, ...codes)) throw error;
	};

/** Converts any thrown value. An unknown error becomes INTERNAL with an id, and its text is only in `cause`. */
export function asKubejoinError(error: unknown): KubejoinError {
	return error instanceof KubejoinError ? error : new KubejoinError('INTERNAL', { id: randomUUID() }, { cause: error });
}

/** The error that a caller receives: the same one, or the one of its public code. */
export function shownToCaller(error: KubejoinError): KubejoinError {
	const { publicCode } = rowOf(error.code);
	return publicCode === undefined ? error : new KubejoinError(publicCode, {});
}

/** The error as it crosses gRPC, in a trailer. */
export interface WireError {
	readonly code: string;
	readonly details: Details;
}

/**
 * Rebuilds an error that came over the wire. Its details are made printable, because the sender may be unverified.
 *
 * @returns undefined if the code is unknown or the details do not fit it
 */
export function fromWireError(wire: unknown): KubejoinError | undefined {
	if (typeof wire !== 'object' || wire === null || !('code' in wire) || !('details' in wire)) return undefined;
	const { code, details } = wire;
	if (typeof code !== 'string' || !Object.hasOwn(errorTable, code)) return undefined;
	if (typeof details !== 'object' || details === null) return undefined;
	try {
		const error = new KubejoinError(code as ErrorCode, printableDeep(details) as never);
		error.isAnswer = true;
		return error;
	} catch {
		return undefined;
	}
}
