/**
 * Arithmetic on amounts of resources, as quotas, limit ranges and containers state them.
 *
 * @source apiserver/pkg/quota/v1/resources.go
 */
import { addQuantities, compareQuantities, parseQuantity, subtractQuantities } from '../codec/quantity.ts';

/** A quantity for each resource, for example `{ cpu: '100m' }`. */
export type ResourceList = Readonly<Record<string, string>>;

export const compareAmounts = (a: string, b: string): number => compareQuantities(parseQuantity(a), parseQuantity(b));
const isAbove = (a: string, b: string): boolean => compareAmounts(a, b) > 0;

const mapped = (list: ResourceList, change: (name: string, amount: string) => string): ResourceList =>
	Object.fromEntries(Object.entries(list).map(([name, amount]) => [name, change(name, amount)]));
const filtered = (list: ResourceList, keep: (name: string, amount: string) => boolean): ResourceList =>
	Object.fromEntries(Object.entries(list).filter(([name, amount]) => keep(name, amount)));
const has = (list: ResourceList, name: string): boolean => Object.hasOwn(list, name);

export function addLists(a: ResourceList, b: ResourceList): ResourceList {
	const sum = (name: string, amount: string): string => {
		const other = b[name];
		return has(b, name) && other !== undefined
			? addQuantities(parseQuantity(amount), parseQuantity(other)).canonical
			: amount;
	};
	return { ...b, ...mapped(a, sum) };
}

/** `a` without `b`; no amount is below zero. */
export function subtractLists(a: ResourceList, b: ResourceList): ResourceList {
	const rest = (name: string, amount: string): string => {
		const left = subtractQuantities(parseQuantity(amount), parseQuantity((has(b, name) && b[name]) || '0'));
		return left.value > 0n ? left.canonical : '0';
	};
	return { ...mapped(b, () => '0'), ...mapped(a, rest) };
}

/** The greater amount of each resource. */
export const maxOfLists = (a: ResourceList, b: ResourceList): ResourceList => ({
	...a,
	...filtered(b, (name, amount) => !has(a, name) || isAbove(amount, a[name] ?? '0')),
});

export const onlyNames = (list: ResourceList, names: readonly string[]): ResourceList =>
	filtered(list, (name) => names.includes(name));

export const withoutZeros = (list: ResourceList): ResourceList =>
	filtered(list, (_name, amount) => parseQuantity(amount).value !== 0n);

/** The resources of which `list` has more than `most` allows. */
export const namesAbove = (list: ResourceList, most: ResourceList): string[] =>
	Object.keys(most).filter((name) => has(list, name) && isAbove(list[name] ?? '0', most[name] ?? '0'));

export const negativeNames = (list: ResourceList): string[] =>
	Object.keys(list).filter((name) => parseQuantity(list[name] ?? '0').value < 0n);

/** Whether both state the same amounts, however they are written. */
export const areEqualLists = (a: ResourceList, b: ResourceList): boolean =>
	Object.keys(a).length === Object.keys(b).length &&
	Object.entries(a).every(([name, amount]) => has(b, name) && compareAmounts(amount, b[name] ?? '0') === 0);

/** `limits.cpu=2,pods=1` */
export const printedList = (list: ResourceList): string =>
	Object.keys(list)
		.toSorted()
		.map((name) => `${name}=${list[name]}`)
		.join(',');
