using System.Buffers;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.App.Runs;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary><c>headgate import</c>: the requests of another program's file, written as lines of <c>run</c>.</summary>
/// <param name="format">What the file is.</param>
/// <param name="output">Where the lines go.</param>
/// <param name="talk">Told what is wrong, and how many there were.</param>
internal sealed class Import(IRequestFormat format, IByteSink output, TextWriter talk)
{
    /// <summary>So much is written at once, in bytes.</summary>
    private const int Piece = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _lines = new(2 * Piece);

    /// <summary>Writes every request that is one, and names what is not.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    /// <exception cref="ResultWriteException">The lines cannot be written.</exception>
    public async Task<ExitCode> RunAsync(string path, CancellationToken stop)
    {
        await using var file = await InputFile.OpenAsync(path, cancellation: stop);
        using var json = new Utf8JsonWriter(_lines, ResultRecordWriter.Options);
        var (count, errors) = (0L, new NamedErrors(talk));
        await foreach (var found in format.ReadAsync(file, stop))
        {
            if (found.Error is { } error)
            {
                errors.Tell(error);
                continue;
            }
            count++;
            Write(json, found.Request!);
        }
        Flush();
        talk.WriteLine($"headgate: {Words.Count(count)} {(count == 1 ? "request" : "requests")} from {file.Name}{errors.Told}");
        return errors.Count > 0 ? ExitCode.Input : ExitCode.Ok;
    }

    private void Write(Utf8JsonWriter json, JobRequest request)
    {
        json.Reset();
        JobRequestWriter.Write(json, request);
        json.Flush();
        _lines.Write("\n"u8);
        if (_lines.WrittenCount >= Piece)
            Flush();
    }

    private void Flush()
    {
        if (_lines.WrittenCount > 0)
            output.Write(_lines.WrittenSpan);
        _lines.ResetWrittenCount();
    }
}

/// <summary>Names the first of what is wrong in a file, and counts the rest.</summary>
internal sealed class NamedErrors(TextWriter talk)
{
    public long Count { get; private set; }

    /// <summary>How many there were, to follow another count; nothing if there were none.</summary>
    public string Told => Count == 0 ? "" : $"; {Count} could not be read{(Count > InputCheck.NamedErrors ? $", of which the first {InputCheck.NamedErrors} are named" : "")}";

    public void Tell(LineError error)
    {
        if (++Count <= InputCheck.NamedErrors)
            talk.WriteLine($"headgate: {error}");
    }
}
