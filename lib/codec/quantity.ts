/**
 * Quantities: `100m`, `1.5Gi`, `12e6`, their canonical form, in which upstream stores and prints them, and arithmetic.
 * @source apimachinery/pkg/api/resource/quantity.go ParseQuantity, CanonicalizeBytes, Add, Sub, Cmp; suffix.go
 * @differs exponents have at most three digits
 */

type Format = 'BinarySI' | 'DecimalExponent' | 'DecimalSI';
export interface Quantity {
	/** The amount is `value` times ten to the power of `exponent`. */
	readonly value: bigint;
	readonly exponent: number;
	readonly format: Format;
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
		return { value: BigInt(text), exponent: 0, format: 'DecimalSI', canonical: text };
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
	// The zeros of 1000e999 move into the exponent, and the stored text must be readable again.
	if (LONG_EXPONENT.test(canonical)) throw suffixError();
	return { ...amount, canonical };
}

/** Upstream accepts any; comparing amounts takes time that grows with it. */
const LONG_EXPONENT = /e\d{4,}$/;
const suffixError = () => new QuantityError("unable to parse quantity's suffix");

type Amount = Omit<Quantity, 'canonical'>;

function interpret(suffix: string): { format: Format; power: number } {
	const [ten, two] = [decimal.indexOf(suffix), binary.indexOf(suffix)];
	if (ten >= 0) return { format: 'DecimalSI', power: 3 * ten + NANO };
	if (two >= 0) return { format: 'BinarySI', power: 10 * two };
	const [, power] = /^[eE]([+-]?\d{1,3})$/.exec(suffix) ?? [];
	if (power === undefined) throw suffixError();
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

/** The value in units of ten to the power of the exponent, which is not above its own. */
const inUnits = ({ value, exponent }: Amount, unit: number): bigint => value * 10n ** BigInt(exponent - unit);

/** Negative if `a` is less, 0 if both are equal. */
export function compareQuantities(a: Quantity, b: Quantity): number {
	const unit = Math.min(a.exponent, b.exponent);
	const difference = inUnits(a, unit) - inUnits(b, unit);
	return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum has the format of `a`, unless that is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
	const exponent = Math.min(a.exponent, b.exponent);
	const format = a.value === 0n ? b.format : a.format;
	const sum = { value: inUnits(a, exponent) + inUnits(b, exponent), exponent, format };
	return { ...sum, canonical: canonicalForm(sum) };
}
export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => addQuantities(a, { ...b, value: -b.value });

/** In units of ten to the power of `power`, rounded up. */
export function scaledQuantity({ value, exponent }: Quantity, power: number): bigint {
	if (exponent >= power) return value * 10n ** BigInt(exponent - power);
	const divisor = 10n ** BigInt(power - exponent);
	return value < 0n ? value / divisor : divideUp(value, divisor);
}
