/**
 * The rules of `status.conditions` with upstream's common type.
 *
 * @source apimachinery/pkg/apis/meta/v1/validation ValidateConditions
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { notOfForm } from '../../../lib/kube/names.ts';
import { duplicate, invalid, notSupported, required, tooLong } from '../../../lib/kube/object-meta.ts';
import { qualifiedProblems, repeatedPlaces } from './field-rules.ts';

export interface Condition {
	readonly type?: string;
	readonly status?: string;
	readonly observedGeneration?: number;
	readonly lastTransitionTime?: string;
	readonly reason?: string;
	readonly message?: string;
}

const statuses = ['False', 'True', 'Unknown'];
const MAX_REASON_BYTES = 1024;
const MAX_MESSAGE_BYTES = 32 * 1024;
const REASON_FORM = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonForm = new RegExp(`^${REASON_FORM}$`);
const reasonDetail = notOfForm(
	'a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric ' +
		"characters or '_,:', and must end with an alphanumeric character or '_'",
	REASON_FORM,
	'my_name',
	'MY_NAME',
	'MyName',
	'ReasonA,ReasonB',
	'ReasonA:ReasonB',
);

export function statusConditionProblems(conditions: readonly Condition[], at: string): FieldProblem[] {
	const repeated = repeatedPlaces(conditions.map(({ type = '' }) => type));
	return conditions.flatMap((condition, index) => [
		...(repeated.has(index) ? [duplicate(`${at}[${index}]`, condition.type ?? '')] : []),
		...statusConditionProblemsOf(condition, `${at}[${index}]`),
	]);
}

function statusConditionProblemsOf(condition: Condition, at: string): FieldProblem[] {
	const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition;
	return [
		...(type === '' ? [required(`${at}.type`, 'is required')] : qualifiedProblems(`${at}.type`, type)),
		...statusProblems(status, `${at}.status`),
		...(observedGeneration < 0
			? [invalid(`${at}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero')]
			: []),
		...(lastTransitionTime ? [] : [required(`${at}.lastTransitionTime`)]),
		...(reason === '' ? [required(`${at}.reason`)] : []),
		...(reason === '' || reasonForm.test(reason) ? [] : [invalid(`${at}.reason`, reason, reasonDetail)]),
		...(Buffer.byteLength(reason) > MAX_REASON_BYTES ? [tooLong(`${at}.reason`, MAX_REASON_BYTES)] : []),
		...(Buffer.byteLength(message) > MAX_MESSAGE_BYTES ? [tooLong(`${at}.message`, MAX_MESSAGE_BYTES)] : []),
	];
}

function statusProblems(status: string, at: string): FieldProblem[] {
	if (status === '') return [required(at)];
	return statuses.includes(status) ? [] : [notSupported(at, status, statuses)];
}
