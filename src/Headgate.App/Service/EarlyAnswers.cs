using System.Text;
using Headgate.Connections;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Service;

/// <summary>
/// What an API says before its answer goes to the caller at once (RFC 9110 §15.2): early hints, or that it is at work. One that takes none of it waits for
/// nothing because of that. Thread-safe.
/// </summary>
internal sealed class EarlyAnswers
{
    /// <summary>So much of it waits for a caller who does not read, in bytes; what comes then is left out.</summary>
    private const int MostWaiting = 64 * 1024;

    /// <summary>So long the answer waits for what was said before it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CallerOutput _output;
    private readonly string? _via;
    private readonly bool _hadContinue;
    private readonly TimeProvider _time;

    private readonly Lock _lock = new();

    /// <summary>The last that was written, or waits for those before it.</summary>
    private Task _last = Task.CompletedTask;
    private int _waiting;
    private bool _isOver;
    private volatile bool _isGivenUp;

    private EarlyAnswers(CallerOutput output, string? via, bool hadContinue, TimeProvider time) => (_output, _via, _hadContinue, _time) = (output, via, hadContinue, time);

    /// <summary>What passes them on to a caller; null for one who could not read them.</summary>
    /// <param name="context">The call. It ends when its answer begins.</param>
    /// <param name="via">What a proxy says of itself; null for none.</param>
    /// <param name="time">The clock.</param>
    public static Action<InterimAnswer>? For(HttpContext context, string? via, TimeProvider time)
    {
        // HTTP/1.0 knows none; in HTTP/2 they would have to be packed with the table of the connection, which is the server's.
        if (!HttpProtocol.IsHttp11(context.Request.Protocol) || context.Features.Get<CallerOutput>() is not { } output)
            return null;
        // The server has answered that itself, when the body was asked for.
        var hadContinue = context.Request.Headers.Expect.Count > 0;
        var early = new EarlyAnswers(output, via, hadContinue, time);
        context.Response.OnStarting(static state => ((EarlyAnswers)state).EndAsync(), early);
        return early.Tell;
    }

    private void Tell(InterimAnswer answer)
    {
        if (_hadContinue && answer.Status == StatusCodes.Status100Continue)
            return;
        var head = Encoding.Latin1.GetBytes(Written(answer));
        lock (_lock)
        {
            if (_isOver || _waiting + head.Length > MostWaiting)
                return;
            _waiting += head.Length;
            _last = WriteAsync(_last, head);
        }
    }

    private string Written(InterimAnswer answer)
    {
        var head = new StringBuilder($"HTTP/1.1 {answer.Status} {GatewayRequest.Cleared(answer.Reason)}\r\n");
        foreach (var (name, value) in GatewayRequest.FieldsBefore(answer.Fields))
            head.Append($"{name}: {value}\r\n");
        if (_via is not null)
            head.Append($"Via: {_via}\r\n");
        return head.Append("\r\n").ToString();
    }

    private async Task WriteAsync(Task before, byte[] head)
    {
        // Not in the lock of whoever told it.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (!_isGivenUp)
                await _output.Writer.WriteAsync(head);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            // The caller has gone: the answer will find that out too.
        }
        lock (_lock)
            _waiting -= head.Length;
    }

    /// <summary>The answer begins: nothing may stand behind that.</summary>
    private Task EndAsync()
    {
        lock (_lock)
        {
            _isOver = true;
            return _last.IsCompleted ? Task.CompletedTask : EndLaterAsync(_last);
        }
    }

    private async Task EndLaterAsync(Task last)
    {
        try
        {
            await last.WaitAsync(Patience, _time);
        }
        catch (TimeoutException)
        {
            // What was written is on its way all the same; only nobody waits for that any more.
            _isGivenUp = true;
            _output.Writer.CancelPendingFlush();
            await last;
        }
    }
}
