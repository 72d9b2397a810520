using Microsoft.Extensions.Logging;

namespace Headgate.Configuration;

/// <summary>How lines of the log are written.</summary>
internal enum LogFormat
{
    /// <summary>As text for a terminal and for the journal of the system, as JSON for everything else.</summary>
    Auto,
    Text,
    Json,
}

/// <summary>What the service logs, and how. The initial values here are the defaults.</summary>
internal sealed record LogConfiguration
{
    public static readonly LogConfiguration Default = new();

    /// <summary>Nothing below it.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    public LogFormat Format { get; init; }

    /// <summary>Whether each step of each request is a line, whatever the level.</summary>
    public bool Steps { get; init; }

    /// <summary>Which calls that pass through are recorded.</summary>
    public RecordingConfiguration Requests { get; init; } = RecordingConfiguration.Default;
}

/// <summary>Which calls are recorded.</summary>
internal enum Recorded
{
    None,

    /// <summary>Those that got no answer, or one of 400 or more.</summary>
    Errors,

    All,
}

/// <summary>Which of the calls that pass through gateway and forward proxy are recorded. The initial values here are the defaults.</summary>
internal sealed record RecordingConfiguration
{
    public static readonly RecordingConfiguration Default = new();

    public Recorded Record { get; init; }

    /// <summary>How much of each body is kept, in bytes.</summary>
    public long Bodies { get; init; }
}

/// <summary>Where the service sends traces and metrics. What is null is said by the variables of OpenTelemetry, or is its default.</summary>
internal sealed record OtlpConfiguration
{
    public static readonly OtlpConfiguration Default = new();

    /// <summary>The address of the collector, without the path of a signal.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Whether each export is a call of gRPC, or a message over HTTP/1.1.</summary>
    public bool? IsGrpc { get; init; }

    /// <summary>Headers of each export by name, and where their values are: <c>env:NAME</c> or <c>file:PATH</c>.</summary>
    public ValueList<(string Name, string Source)> Headers { get; init; } = [];
}
