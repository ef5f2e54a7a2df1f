/**
 * Quantities: `100m`, `1.5Gi`, `12e6`, and their canonical form, in which upstream stores and prints them.
 * @source apimachinery/pkg/api/resource/quantity.go ParseQuantity, CanonicalizeBytes; suffix.go
 * @differs exponents have at most three digits
 */

type Format = 'BinarySI' | 'DecimalExponent' | 'DecimalSI';
export interface Quantity {
	/** The amount is `value` times ten to the power of `exponent`. */
	readonly value: bigint;
	readonly exponent: number;
	readonly canonical: string;
}
export class QuantityError extends Error {}

const formatError = () =>
	new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
const quantityForm = /^([+-]?)(\d*)(?:\.(\d*))?((?:[eEinumkKMGTP]*[-+]?\d*)?)$/;
/** Longer texts are not numbers that a cluster has, and cost time. */
const MAX_LENGTH = 64;
const MAX_INT64 = 2n ** 63n - 1n;
const NANO = -9;

const decimal = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** @throws QuantityError */
export function parseQuantity(text: string): Quantity {
	if (/^[1-9]\d{0,14}$/.test(text) && !text.endsWith('000'))
		return { value: BigInt(text), exponent: 0, canonical: text };
	const [, sign = '', leading = '', fraction = '', suffix = ''] = quantityForm.exec(text) ?? [];
	if (text === '' || text.length > MAX_LENGTH || !quantityForm.test(text)) throw formatError();
	const digits = leading.replace(/^0+/, '') || '0';
	const { format, power } = interpret(suffix);
	const isNegative = sign === '-';
	const shifted = BigInt(digits + fraction);
	const scaled = format === 'BinarySI' ? shifted * 2n ** BigInt(power) : shifted;
	const exponent = (format === 'BinarySI' ? 0 : power) - fraction.length;
	const bounded = bound({ value: scaled, exponent }, format);
	const amount = { ...bounded, value: isNegative ? -bounded.value : bounded.value };
	const canonical = isWrittenCanonically(digits, fraction, format, power, shifted) ? text : canonicalForm(amount);
	return { value: amount.value, exponent: amount.exponent, canonical };
}

interface Amount {
	readonly value: bigint;
	readonly exponent: number;
	readonly format: Format;
}

function interpret(suffix: string): { format: Format; power: number } {
	const [ten, two] = [decimal.indexOf(suffix), binary.indexOf(suffix)];
	if (ten >= 0) return { format: 'DecimalSI', power: 3 * ten + NANO };
	if (two >= 0) return { format: 'BinarySI', power: 10 * two };
	const [, power] = /^[eE]([+-]?\d{1,3})$/.exec(suffix) ?? [];
	if (power === undefined) throw new QuantityError("unable to parse quantity's suffix");
	return { format: 'DecimalExponent', power: Number(power) };
}

/** Rounded up to nano, and with the maximum that upstream has for binary amounts. */
function bound({ value, exponent }: Omit<Amount, 'format'>, format: Format): Amount {
	const rounded =
		exponent >= NANO ? { value, exponent } : { value: divideUp(value, 10n ** BigInt(NANO - exponent)), exponent: NANO };
	if (format !== 'BinarySI') return { ...rounded, format };
	const one = 10n ** BigInt(-rounded.exponent);
	if (rounded.value > MAX_INT64 * one) return { value: MAX_INT64, exponent: 0, format };
	return { ...rounded, format: rounded.value > 0n && rounded.value < one ? 'DecimalSI' : format };
}
const divideUp = (value: bigint, divisor: bigint): bigint => (value + divisor - 1n) / divisor;

/** Upstream keeps the text of an amount that fits an int64 and needs no change. */
function isWrittenCanonically(
	digits: string,
	fraction: string,
	format: Format,
	power: number,
	shifted: bigint,
): boolean {
	if (format === 'BinarySI') {
		const precision = 15 - digits.length - Math.trunc((power * 3) / 10) - 1;
		const fits = fraction === '' && precision >= 0 && shifted * 2n ** BigInt(power) <= MAX_INT64;
		return fits && (shifted & 7n) !== 0n;
	}
	const scale = power - fraction.length;
	const written = digits + fraction;
	return written.length <= 18 && scale >= NANO && scale % 3 === 0 && !written.endsWith('000') && written[0] !== '0';
}

function canonicalForm(amount: Amount): string {
	const { value, exponent, format } = amount;
	if (value === 0n) return '0';
	const isWhole = exponent >= 0 || value % 10n ** BigInt(-exponent) === 0n;
	if (format === 'BinarySI' && isWhole) {
		const whole = exponent >= 0 ? value * 10n ** BigInt(exponent) : value / 10n ** BigInt(-exponent);
		if (whole <= -1024n || whole >= 1024n) {
			const { rest, times } = withoutFactors(whole, 1024n, binary.length - 1);
			return `${rest}${binary[times]}`;
		}
	}
	const { rest, times } = withoutFactors(value, 10n, Number.POSITIVE_INFINITY);
	const power = exponent + times;
	const down = ((power % 3) + 3) % 3;
	const [mantissa, thousands] = [rest * 10n ** BigInt(down), (power - down) / 3];
	const suffix = decimal[thousands + 3];
	if (format !== 'DecimalExponent' && suffix !== undefined) return `${mantissa}${suffix}`;
	return thousands === 0 ? `${mantissa}` : `${mantissa}e${thousands * 3}`;
}

function withoutFactors(value: bigint, factor: bigint, most: number): { rest: bigint; times: number } {
	let [rest, times] = [value, 0];
	for (; times < most && rest % factor === 0n; times++) rest /= factor;
	return { rest, times };
}
