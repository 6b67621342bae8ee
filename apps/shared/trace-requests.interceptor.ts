import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Observable, tap } from 'rxjs';

interface Request {
  method: string;
  route?: { path?: string };
}

/** A span for each HTTP request, as the instrumentation of an HTTP server makes one: the trace of what it emits begins here. */
@Injectable()
export class TraceRequestsInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (execution.getType() !== 'http') return next.handle();
    const { method, route } = execution.switchToHttp().getRequest<Request>();
    const path = route?.path ?? '';
    const attributes = { 'http.request.method': method, 'http.route': path };
    const span = trace.getTracer('users').startSpan(`${method} ${path}`, { kind: SpanKind.SERVER, attributes });
    const fail = (): void => void span.setStatus({ code: SpanStatusCode.ERROR });
    const handled = new Observable(observer =>
      context.with(trace.setSpan(context.active(), span), () => next.handle().subscribe(observer)),
    );
    return handled.pipe(tap({ error: fail, finalize: () => span.end() }));
  }
}
