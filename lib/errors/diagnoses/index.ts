/**
 * The most likely cause of an error, other possible causes, and a remedy that depends on the cause. The process that
 * reports the error derives them from its details and its phase; no server sends them to a client.
 */
import type { Details } from '../row.ts';
import type { ErrorCode } from '../table/index.ts';
import { apiDiagnoses } from './api.ts';
import type { Diagnosis, DiagnosisByCause, DiagnosisTable } from './diagnosis.ts';
import { discoveryDiagnoses } from './discovery.ts';
import { joinDiagnoses } from './join.ts';
import { rpcDiagnoses } from './rpc.ts';
import { systemDiagnoses } from './system.ts';

export { causeOfDial } from './diagnosis.ts';

const diagnoses: DiagnosisTable = {
	...discoveryDiagnoses,
	...joinDiagnoses,
	...apiDiagnoses,
	...rpcDiagnoses,
	...systemDiagnoses,
};

const diagnosisOf = (code: ErrorCode, details: Details): Diagnosis<Details> | undefined => {
	const entry = diagnoses[code] as DiagnosisByCause<Details> | undefined;
	return (typeof details.cause === 'string' ? entry?.causes?.[details.cause] : undefined) ?? entry;
};

/** The details can come from an unverified peer, so they may not have the types that a diagnosis expects. */
function undefinedIfThrown<T>(diagnose: () => T): T | undefined {
	try {
		return diagnose();
	} catch {
		return undefined;
	}
}

export const mostLikely = (code: ErrorCode, details: Details, phase = ''): string | undefined =>
	undefinedIfThrown(() => diagnosisOf(code, details)?.mostLikely(details, phase));

export const alsoPossible = (code: ErrorCode, details: Details, phase = ''): readonly string[] =>
	undefinedIfThrown(() => diagnosisOf(code, details)?.alsoPossible?.(details, phase)) ?? [];

/** Undefined if the remedy of the error's row applies. */
export const remedyOfCause = (code: ErrorCode, details: Details): string | undefined =>
	undefinedIfThrown(() => diagnosisOf(code, details)?.remedy?.(details));

/** The values of the fact `cause` that have a diagnosis of their own. */
export const causesOf = (code: ErrorCode): readonly string[] => Object.keys(diagnoses[code]?.causes ?? {});
