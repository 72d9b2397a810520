using System.Text;
using System.Text.Unicode;
using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// Targets of vegeta as text, line by line: <c>METHOD URL</c>, under it headers and <c>@FILE</c> for the body, up to an empty line or the next
/// target; <c>#</c> begins a comment (https://github.com/tsenart/vegeta, README, "-format"). Not thread-safe.
/// </summary>
/// <param name="file">For messages.</param>
internal sealed class VegetaText(string file)
{
    private JobRequest? _target;
    private LineError? _error;

    /// <summary>Takes a line; gives the target that ended before it, if one did.</summary>
    public FoundRequest? Take(long number, ReadOnlySpan<byte> line)
    {
        var text = line.Trim(" \t\r"u8);
        if (text is [(byte)'#', ..])
            return null;
        var isFirst = text.Length > 0 && (IsTarget(text) || (_target is null && _error is null));
        var ended = text.IsEmpty || isFirst ? End() : null;
        if (text.IsEmpty || _error is not null)
            return ended;
        try
        {
            if (!Utf8.IsValid(line))
                throw new RequestFaultException("the line is not UTF-8", JobRequestReader.FirstInvalid(line));
            if (isFirst)
                _target = ReadTarget(Encoding.UTF8.GetString(text));
            else
                ReadMore(_target!, Encoding.UTF8.GetString(text));
        }
        catch (ArgumentException rule)
        {
            var place = isFirst ? line.IndexOf(text) + Math.Max(text.IndexOf((byte)' ') + 1, 0) : line.IndexOf(text);
            _error = LineError.At(file, number, line, place, rule.Message);
        }
        catch (RequestFaultException wrong)
        {
            _error = LineError.At(file, number, line, wrong.Fault.Offset, wrong.Fault.Message);
        }
        return ended;
    }

    /// <summary>The last target.</summary>
    public FoundRequest? End()
    {
        FoundRequest? ended = _error is not null ? new FoundRequest(null, _error) : _target is not null ? new FoundRequest(_target, null) : null;
        (_target, _error) = (null, null);
        return ended;
    }

    /// <summary>Names of headers are not followed by a space.</summary>
    private static bool IsTarget(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAnyExceptInRange((byte)'A', (byte)'Z');
        return end >= 3 && text[end] is (byte)' ' or (byte)'\t';
    }

    private static JobRequest ReadTarget(string line)
    {
        if (line.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is not [var method, var url])
            throw new ArgumentException("a target is written METHOD URL, for example GET https://example.com/");
        return new JobRequest(url) { Method = method };
    }

    private static void ReadMore(JobRequest target, string line)
    {
        if (target.BodyFile is not null)
            throw new ArgumentException("nothing follows the body of a target: leave a line empty before the next one");
        if (line.StartsWith('@'))
        {
            target.BodyFile = line[1..];
            return;
        }
        // A line without a colon may be a secret on its own: it is not shown.
        if (line.Split(':', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } name, { Length: > 0 } value])
            throw new ArgumentException("a header is written Name: value; a body @FILE");
        target.Headers.Add(name, value);
    }
}

/// <summary>Targets of vegeta, as text or in JSON: the first line tells.</summary>
internal sealed class VegetaTargets : IRequestFormat
{
    public async IAsyncEnumerable<FoundRequest> ReadAsync(InputFile file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var json = new LineParser(file.Name, new VegetaJsonFormat(), detectsDuplicates: false, keepsRaw: false);
        var text = new VegetaText(file.Name);
        bool? isJson = null;
        await foreach (var line in FileLines.ReadAsync(file, cancellation))
        {
            if (isJson is null && line.Current.Span.TrimStart(" \t"u8) is [var first, ..])
                isJson = first == '{';
            if (isJson != true)
                FileLines.ThrowIfTooLong(line, file);
            if (isJson != true && text.Take(line.Line, line.Current.Span) is { } target)
                yield return target;
            if (isJson == true && json.Parse(line) is { } read)
                yield return new FoundRequest(read.Request, read.Error);
        }
        if (text.End() is { } last)
            yield return last;
    }
}
