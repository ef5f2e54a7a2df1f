/** The form of names. Pure. @source apimachinery/pkg/util/validation, release 1.32 */

const labelForm = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainForm = `${labelForm}(\\.${labelForm})*`;
const subdomain = new RegExp(`^${subdomainForm}$`);
const MAX_SUBDOMAIN = 253;

/** What is wrong with a DNS subdomain, upstream's words. */
export function subdomainProblems(value: string): string[] {
	const problems: string[] = [];
	if (value.length > MAX_SUBDOMAIN) problems.push(`must be no more than ${MAX_SUBDOMAIN} characters`);
	if (value.length > MAX_SUBDOMAIN || !subdomain.test(value)) {
		problems.push(
			"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric " +
				`character (e.g. 'example.com', regex used for validation is '${subdomainForm}')`,
		);
	}
	return problems;
}
