/** Escapes the characters of HTML in JSON, as Go's encoder does. @source encoding/json HTMLEscape */
export const escapeHtml = (json: string): string =>
	/[<>&\u2028\u2029]/.test(json)
		? json.replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
		: json;
