using System.Runtime.CompilerServices;
using Headgate.App.Input;

namespace Headgate.App.Formats;

/// <summary>The lines of a file of another program.</summary>
internal static class FileLines
{
    /// <summary>One reader, at each line in turn.</summary>
    /// <exception cref="InputException">The file cannot be read (to its end).</exception>
    public static async IAsyncEnumerable<RecordReader> ReadAsync(InputFile file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var lines = new RecordReader(file.Content, LineSource.MaxLine);
        while (await LineSource.NextAsync(lines, file.Name, cancellation))
            yield return lines;
    }

    /// <summary>For whoever has no other use for the beginning of a line.</summary>
    /// <exception cref="InputException">The line is too long.</exception>
    public static void ThrowIfTooLong(RecordReader line, InputFile file)
    {
        if (line.IsTooLong)
            throw new InputException($"{file.Name}:{line.Line}:1: the line is longer than {LineSource.MaxLine / (1024 * 1024)} MiB");
    }
}

/// <summary>A file with a request on each line.</summary>
internal sealed class LineRequests(ILineFormat format) : IRequestFormat
{
    public async IAsyncEnumerable<FoundRequest> ReadAsync(InputFile file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var parser = new LineParser(file.Name, format, detectsDuplicates: false, keepsRaw: false);
        await foreach (var line in FileLines.ReadAsync(file, cancellation))
            if (parser.Parse(line) is { } read)
                yield return new FoundRequest(read.Request, read.Error);
    }
}
