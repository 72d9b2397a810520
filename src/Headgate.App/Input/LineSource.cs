using System.Runtime.CompilerServices;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>Reads the lines of an input one after the other, in memory that does not grow with their number.</summary>
internal sealed class LineSource
{
    /// <summary>The longest line that is read, in bytes.</summary>
    public const int MaxLine = 64 * 1024 * 1024;

    /// <summary>Refuse an id that an earlier line has. Needs about 25 bytes a line; not needed in the second reading of a checked file.</summary>
    public bool DetectsDuplicates { get; init; } = true;

    /// <summary>Keep each request's JSON in <see cref="InputLine.Raw"/>.</summary>
    public bool KeepsRaw { get; init; }

    /// <summary>The lines of a file, or of standard input for <c>-</c>. Blank ones and comments are left out, but counted.</summary>
    /// <exception cref="InputException">The file cannot be read (to its end).</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; a read that is under way is left behind.</exception>
    public async IAsyncEnumerable<InputLine> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using var file = await InputFile.OpenAsync(path, cancellation: cancellation);
        await foreach (var line in ReadAsync(file, cancellation))
            yield return line;
    }

    /// <summary>The lines of a file that is open: of a pipe, which cannot be opened again.</summary>
    /// <inheritdoc cref="ReadAsync(string, CancellationToken)"/>
    public async IAsyncEnumerable<InputLine> ReadAsync(InputFile file, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var records = new RecordReader(file.Content, MaxLine, quoted: file.Format == InputFormat.Csv);
        var parser = new LineParser(file.Name, FormatOf(file.Format), DetectsDuplicates, KeepsRaw);
        while (!parser.IsFinished && await NextAsync(records, file.Name, cancellation))
            if (parser.Parse(records) is { } line)
                yield return line;
    }

    /// <summary>Goes to the next record of a file.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static async ValueTask<bool> NextAsync(RecordReader records, string name, CancellationToken cancellation)
    {
        try
        {
            return await records.MoveNextAsync(cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw InputException.From(name, failure);
        }
    }

    private static ILineFormat FormatOf(InputFormat format)
    {
        var reader = new JobRequestReader(BodyFileComplaint);
        return format switch
        {
            InputFormat.Csv => new CsvFormat(reader),
            InputFormat.UrlList => new UrlListFormat(),
            _ => new JsonLinesFormat(reader),
        };
    }

    private static string? BodyFileComplaint(string path) =>
        File.Exists(path) ? RegularFile.WhyNot(path) : $"body_file {RequestRules.Quote(path)} does not exist (paths are relative to the directory the command is run in)";
}
