using System.Buffers;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.App.Runs;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary><c>headgate export</c>: the results of a run, written as another program has them.</summary>
/// <param name="format">What is written.</param>
/// <param name="output">Where it goes.</param>
/// <param name="talk">Told what is wrong, and how many there were.</param>
internal sealed class Export(IResultFormat format, IByteSink output, TextWriter talk)
{
    /// <summary>So much is written at once, in bytes.</summary>
    private const int Piece = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _written = new(2 * Piece);

    /// <summary>One line by itself: of one that cannot be written to its end nothing is.</summary>
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly JobRequestReader _requests = new(static _ => null);

    /// <summary>Only those that are not ok.</summary>
    public bool OnlyFailed { get; init; }

    /// <summary>Finds what was sent; null where nobody says.</summary>
    public SentRequests? Sent { get; init; }

    /// <summary>Writes every result that is one, and names what is not.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    /// <exception cref="ResultWriteException">The output cannot be written.</exception>
    public async Task<ExitCode> RunAsync(string path, CancellationToken stop)
    {
        await using var file = await InputFile.OpenAsync(path, cancellation: stop);
        var (count, errors) = (0L, new NamedErrors(talk));
        format.Begin(_written);
        await foreach (var line in FileLines.ReadAsync(file, stop))
        {
            var record = line.Current;
            if (record.Span.TrimStart(" \t"u8).IsEmpty)
                continue;
            _line.ResetWrittenCount();
            if ((line.IsTooLong ? new RequestFault($"the line is longer than {LineSource.MaxLine >> 20} MiB", 0) : Take(record, count)) is { } fault)
                errors.Tell(LineError.At(file.Name, line.Line, record.Span, fault.Offset, fault.Message));
            else if (_line.WrittenCount > 0)
            {
                _written.Write(_line.WrittenSpan);
                count++;
            }
            if (_written.WrittenCount >= Piece)
                Flush();
        }
        format.End(_written);
        Flush();
        talk.WriteLine($"headgate: {Words.Count(count)} {(count == 1 ? "line" : "lines")} of {file.Name}{errors.Told}");
        return errors.Count > 0 ? ExitCode.Input : ExitCode.Ok;
    }

    private RequestFault? Take(ReadOnlyMemory<byte> record, long index)
    {
        try
        {
            using var line = JsonDocument.Parse(record, RawJson.Around);
            if (!line.RootElement.IsResult())
                return TakeRequest(record.Span);
            var result = new ExportedLine(line.RootElement, index, Sent?.Of(line.RootElement));
            if (!OnlyFailed || !result.IsOk)
                format.Write(result, _line);
            return null;
        }
        catch (JsonException syntax)
        {
            return JsonFault.From(syntax, record.Span);
        }
        catch (RequestFaultException wrong)
        {
            return wrong.Fault;
        }
        catch (InvalidOperationException)
        {
            return new RequestFault(JobRequestReader.HalfSurrogate, 0);
        }
    }

    /// <summary>A line that was never sent: some formats have those too.</summary>
    private RequestFault? TakeRequest(ReadOnlySpan<byte> record)
    {
        if (format is not IRequestWriter writer || OnlyFailed)
            return new RequestFault("not a result of a run: it has no request_id, status and ok", 0);
        if (_requests.Read(record, out var fault) is not { } request)
            return fault;
        writer.Write(request, _line);
        return null;
    }

    private void Flush()
    {
        if (_written.WrittenCount > 0)
            output.Write(_written.WrittenSpan);
        _written.ResetWrittenCount();
    }
}

/// <summary>What is needed of a line to be one of results.</summary>
internal static class ResultShape
{
    public static bool IsResult(this JsonElement line) => line.ValueKind == JsonValueKind.Object
        && line.TryGetProperty("request_id"u8, out var id) && id.ValueKind == JsonValueKind.String
        && line.TryGetProperty("status"u8, out var status) && status.ValueKind == JsonValueKind.String
        && line.TryGetProperty("ok"u8, out var ok) && ok.ValueKind is JsonValueKind.True or JsonValueKind.False;
}
