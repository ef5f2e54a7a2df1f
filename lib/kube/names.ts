/** The form of names, label keys and label values. @source apimachinery/pkg/util/validation, release 1.32 */

const labelForm = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainForm = `${labelForm}(\\.${labelForm})*`;
const qualifiedForm = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValueForm = `(${qualifiedForm})?`;
const configKeyForm = '[-._a-zA-Z0-9]+';
const label = new RegExp(`^${labelForm}$`);
const subdomain = new RegExp(`^${subdomainForm}$`);
const qualified = new RegExp(`^${qualifiedForm}$`);
const labelValue = new RegExp(`^${labelValueForm}$`);
const configKey = new RegExp(`^${configKeyForm}$`);
const MAX_SUBDOMAIN = 253;
const MAX_LABEL = 63;

/** No valid value is longer; a form is not matched against a longer text. */
const MAX_MATCHED = 1024;
const matches = (form: RegExp, value: string): boolean => value.length <= MAX_MATCHED && form.test(value);
/** The length in bytes, as Go counts. */
const lengthOf = (value: string): number => Buffer.byteLength(value);
const tooLong = (max: number, unit = 'bytes'): string => `must be no more than ${max} ${unit}`;
/** @source RegexError; the blanks before `or` are upstream's */
export const notOfForm = (rule: string, form: string, ...examples: string[]): string =>
	`${rule} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${form}')`;

/** Problems of a DNS label, in upstream's words. @source IsDNS1123Label */
export function labelProblems(value: string): string[] {
	const problems = lengthOf(value) > MAX_LABEL ? [tooLong(MAX_LABEL, 'characters')] : [];
	if (matches(label, value)) return problems;
	if (matches(subdomain, value)) return [...problems, 'must not contain dots'];
	const rule =
		"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
		'and must start and end with an alphanumeric character';
	return [...problems, notOfForm(rule, labelForm, 'my-name', '123-abc')];
}

/** Problems of a DNS subdomain, in upstream's words. @source IsDNS1123Subdomain */
export function subdomainProblems(value: string): string[] {
	const problems = lengthOf(value) > MAX_SUBDOMAIN ? [tooLong(MAX_SUBDOMAIN, 'characters')] : [];
	if (matches(subdomain, value)) return problems;
	const rule =
		"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
		'and must start and end with an ' +
		'alphanumeric character';
	return [...problems, notOfForm(rule, subdomainForm, 'example.com')];
}

const underscoredLabelForm = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const underscoredForm = `${underscoredLabelForm}(\\.${underscoredLabelForm})*`;
const underscored = new RegExp(`^${underscoredForm}$`);

/** As `subdomainProblems`, for a domain that DNS is searched in. @source IsDNS1123SubdomainWithUnderscore */
export function underscoredSubdomainProblems(value: string): string[] {
	const problems = lengthOf(value) > MAX_SUBDOMAIN ? [tooLong(MAX_SUBDOMAIN, 'characters')] : [];
	if (matches(underscored, value)) return problems;
	const rule =
		"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', " +
		'and must start and end with an alphanumeric character';
	return [...problems, notOfForm(rule, underscoredForm, 'example.com')];
}

/** Problems of a name that is a segment of a path and nothing more. @source apimachinery pkg/api/validation/path */
export function pathSegmentProblems(value: string): string[] {
	if (value === '.' || value === '..') return [`may not be '${value}'`];
	return ['/', '%'].filter((illegal) => value.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
}

/** Problems of `name` or `prefix/name`: keys of labels and annotations, finalizers. @source IsQualifiedName */
export function qualifiedNameProblems(value: string): string[] {
	const [first = '', second, ...more] = value.split('/', 3);
	if (more.length > 0)
		return [
			`${notQualified('a valid label key')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
		];
	const name = second ?? first;
	const problems: string[] = [];
	if (second !== undefined && first === '') problems.push('prefix part must be non-empty');
	else if (second !== undefined) problems.push(...subdomainProblems(first).map((problem) => `prefix part ${problem}`));
	if (name === '') problems.push('name part must be non-empty');
	else if (lengthOf(name) > MAX_LABEL) problems.push(`name part ${tooLong(MAX_LABEL)}`);
	if (!matches(qualified, name)) problems.push(notQualified('name part'));
	return problems;
}

function notQualified(what: string): string {
	const rule =
		"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
	return `${what} ${notOfForm(rule, qualifiedForm, 'MyName', 'my.name', '123-abc')}`;
}

/** Problems of the value of a label, in upstream's words. @source IsValidLabelValue */
export function labelValueProblems(value: string): string[] {
	const problems = lengthOf(value) > MAX_LABEL ? [tooLong(MAX_LABEL)] : [];
	if (matches(labelValue, value)) return problems;
	const rule =
		"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
		'and must start and end with an ' +
		'alphanumeric character';
	return [...problems, notOfForm(rule, labelValueForm, 'MyValue', 'my_value', '12345')];
}

/** Problems of a key in a ConfigMap or Secret, in upstream's words. @source IsConfigMapKey */
export function configKeyProblems(value: string): string[] {
	const problems = lengthOf(value) > MAX_SUBDOMAIN ? [tooLong(MAX_SUBDOMAIN, 'characters')] : [];
	if (!matches(configKey, value)) {
		const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
		problems.push(notOfForm(rule, configKeyForm, 'key.name', 'KEY_NAME', 'key-name'));
	}
	if (value === '.' || value === '..') problems.push(`must not be '${value}'`);
	else if (value.startsWith('..')) problems.push("must not start with '..'");
	return problems;
}
