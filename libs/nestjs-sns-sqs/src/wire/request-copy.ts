import { HttpRequest } from '@smithy/core/protocols';

/** The same request with other headers, for one without a query. */
export function withHeaders(request: HttpRequest, headers: Record<string, string>): HttpRequest {
  const { method, protocol, hostname, port, path, body, username, password, fragment } = request as HttpRequest & {
    body?: unknown;
  };
  const parts = { method, protocol, hostname, port, path, body, username, password, fragment, headers, query: {} };
  return new HttpRequest(parts);
}
