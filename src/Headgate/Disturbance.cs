using System.Net;
using Headgate.Resilience;
using Headgate.Time;

namespace Headgate;

/// <summary>Puts errors, delays and broken connections in the way of the attempts of an API, where its configuration asks for that (<c>chaos</c>). Thread-safe.</summary>
internal sealed class Disturbance(Engine engine, ChaosDice dice)
{
    /// <summary>Sends an attempt, or what it meets instead. It is marked with what was done to it.</summary>
    public async Task<HttpResponseMessage> SendAsync(Attempt attempt)
    {
        ChaosFault fault;
        lock (engine.Random)
            fault = dice.Roll();
        if (fault.Delay > 0)
        {
            attempt.Chaos = "latency";
            // An answer that takes that long would meet its timeout, and the deadline.
            attempt.TimeAnswer();
            await Task.Delay(Clock.Span(fault.Delay), engine.Clock.Provider, attempt.Token).ConfigureAwait(false);
        }
        switch (fault.Kind)
        {
            case ChaosKind.Error:
                attempt.Chaos = "error";
                return new HttpResponseMessage((HttpStatusCode)fault.Status) { Content = new ByteArrayContent([]) };
            case ChaosKind.Reset:
                attempt.Chaos = "reset";
                throw new HttpRequestException(HttpRequestError.ConnectionError, "the connection was broken on purpose (chaos)");
            default:
                return await attempt.SendAsync().ConfigureAwait(false);
        }
    }
}
