using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>A line of the input: a request, or what is wrong with it.</summary>
internal sealed class InputLine
{
    /// <summary>The line in the file where it begins, from 1.</summary>
    public required long Number { get; init; }

    /// <summary>The byte in the (unpacked) file where it begins, from 0.</summary>
    public required long Offset { get; init; }

    /// <summary>XXH64 of the line's bytes without its end; the same for the same line on every machine.</summary>
    public required ulong Hash { get; init; }

    /// <summary>The request; null when there is an <see cref="Error"/>.</summary>
    public JobRequest? Request { get; init; }

    /// <summary>What is wrong; null when there is a <see cref="Request"/>.</summary>
    public LineError? Error { get; init; }

    /// <summary>The request as JSON, as it came where it came as JSON; empty unless asked for, and for a bad line that was no JSON.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>Number and hash in one: <c>#7:00a1…</c>. Goes into <c>request_id</c>, so that a changed line is seen on resume.</summary>
    public string RequestId => $"#{Number}:{Hash:x16}";

    /// <summary>By what it is known on resume: its id, without one its number and hash.</summary>
    public string Key => Request?.Id ?? RequestId;
}
