using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Headgate;

/// <summary>
/// The innermost handler of an <see cref="HttpClient"/>: requests wait for their turn within all limits, are sent with a key, and are tried again, each
/// attempt paid for. Handlers around it see one request and one answer.
/// </summary>
/// <remarks>
/// <para>Thread-safe. Its limits and keys are those of this handler: share one handler among clients, or the limits are exceeded.</para>
/// <para>A request fails with <see cref="HeadgateException"/>, which is an <see cref="HttpRequestException"/>; with an
/// <see cref="OperationCanceledException"/> of the caller's token; or, when its attempts took too long, with a <see cref="TaskCanceledException"/>
/// around a <see cref="TimeoutException"/>, as with any HttpClient. A 429 after all pauses is an answer. Set <see cref="HttpClient.Timeout"/> to infinite:
/// it would count the time that requests wait for their turn.</para>
/// <para>With <see cref="HttpCompletionOption.ResponseHeadersRead"/> the place in the limits is held until the body was read to its end or the answer was disposed.</para>
/// </remarks>
public sealed class HeadgateHandler : HttpMessageHandler
{
    private readonly Sender _sender;
    private readonly HttpMessageHandler? _inner;
    private readonly bool _owns;

    /// <summary>A handler with limits and keys of its own.</summary>
    /// <param name="options">How to send; read once.</param>
    /// <param name="inner">
    /// What sends; by default a <see cref="SocketsHttpHandler"/> for each API. One that is given must not have sent yet: its redirects, credentials
    /// and connection limit are turned off, since those are Headgate's. It is disposed with this handler.
    /// </param>
    /// <param name="time">The clock; that of the system by default.</param>
    /// <param name="loggers">Where events go, in the category Headgate; nowhere by default.</param>
    /// <param name="meters">Makes the meter "Headgate"; by default it is made here.</param>
    /// <exception cref="ArgumentException">The options cannot be used: all that is wrong is told. Or the inner handler cannot: it retries, or repeats unseen.</exception>
    /// <exception cref="InvalidOperationException">The state folder cannot be used, or another process uses it; or the inner handler has sent already.</exception>
    public HeadgateHandler(HeadgateOptions options, HttpMessageHandler? inner = null, TimeProvider? time = null, ILoggerFactory? loggers = null, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_sender, _inner, _owns) = (new Sender(options, inner, time ?? TimeProvider.System, loggers, meters), inner, true);
    }

    /// <summary>A handler of a sender that outlives it.</summary>
    internal HeadgateHandler(Sender sender) => _sender = sender;

    /// <summary>What was sent since the counts began, and how things stand.</summary>
    public HeadgateMetrics GetMetrics() => _sender.Metrics();

    /// <summary>Begins the counts of <see cref="GetMetrics"/> anew; limits stay as they are.</summary>
    public void ResetMetrics() => _sender.ResetMetrics();

    /// <summary>Whether what was sent went well, by <see cref="HeadgateOptions.Health"/>.</summary>
    public HealthAssessment AssessHealth() => _sender.AssessHealth();

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _sender.SendAsync(request, cancellationToken);

    /// <summary>Not offered: waiting for a turn would hold a thread.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("a request may wait for its turn, which must not hold a thread: use SendAsync, GetAsync and the like");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _owns)
        {
            _sender.Dispose();
            _inner?.Dispose();
        }
        base.Dispose(disposing);
    }
}
