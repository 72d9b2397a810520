using System.Buffers;
using System.Text;
using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.Retries;

namespace Headgate.App.Send;

/// <summary>
/// The body of an answer on its way to standard output. Up to a size it is kept until it is whole, so that one that breaks off can be fetched
/// again; what is larger, and events, pour through as they come and are fetched once.
/// </summary>
/// <param name="output">Where it goes, byte by byte as it came.</param>
/// <param name="keep">How much is kept, in bytes.</param>
/// <param name="stop">The user's.</param>
internal sealed class AnswerBody(Stream output, long keep, CancellationToken stop)
{
    private readonly ArrayBufferWriter<byte> _kept = new();
    private bool _pours;
    private byte _last = (byte)'\n';

    /// <summary>What was kept; empty if it poured through.</summary>
    public ReadOnlyMemory<byte> Kept => _pours ? default : _kept.WrittenMemory;

    /// <summary>How much has gone to standard output, in bytes.</summary>
    public long Written { get; private set; }

    /// <summary>Whether what was written ends a line, or is nothing.</summary>
    public bool EndsLine => _last == (byte)'\n';

    /// <summary>Reads the body of one attempt.</summary>
    /// <exception cref="HeadgateException">It broke off when part of it was written.</exception>
    /// <exception cref="CommandException">Standard output does not take it.</exception>
    public async ValueTask ReceiveAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        _kept.ResetWrittenCount();
        _pours = answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) && type.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        var (announced, received) = (BodyLength.Announced(answer), 0L);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(body, buffer, cancellation) is > 0 and var count)
        {
            received += count;
            _kept.Write(buffer.AsSpan(0, count));
            _pours |= _kept.WrittenCount > keep;
            if (_pours)
                Pour();
        }
        BodyLength.ThrowIfCut(announced, received);
    }

    /// <summary>Writes what was kept.</summary>
    public void Pour()
    {
        Write(output, _kept.WrittenSpan);
        Written += _kept.WrittenCount;
        if (_kept.WrittenCount > 0)
            _last = _kept.WrittenSpan[^1];
        _kept.ResetWrittenCount();
    }

    /// <summary>Writes status line and headers: all there is of an answer without a body.</summary>
    public void PourHead(HttpResponseMessage answer)
    {
        var head = new StringBuilder($"HTTP/{answer.Version} {(int)answer.StatusCode} {answer.ReasonPhrase}\r\n");
        foreach (var (name, value) in Jobs.JobFields.Of(answer))
            head.Append($"{name}: {value}\r\n");
        _kept.Write(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
        Pour();
    }

    /// <summary>Hands bytes to standard output.</summary>
    /// <exception cref="CommandException">It does not take them.</exception>
    public static void Write(Stream output, ReadOnlySpan<byte> bytes)
    {
        try
        {
            output.Write(bytes);
            output.Flush();
        }
        catch (IOException failure)
        {
            throw new CommandException(ExitCode.Disk, $"standard output cannot be written: {failure.Message}");
        }
    }

    private async ValueTask<int> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await body.ReadAnswerAsync(buffer, cancellation);
        }
        catch (Exception failure) when (Written > 0 && failure is IOException or HttpRequestException or InvalidDataException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            var isLate = cancellation.IsCancellationRequested;
            throw new HeadgateException(
                isLate ? FailureClass.Timeout : FailureClass.Network,
                $"the answer {(isLate ? "did not end within the timeout" : "broke off")} after {Words.Count(Written)} bytes, which are on standard output already");
        }
    }
}
