using Microsoft.Extensions.Logging;

namespace Headgate.App.Logging;

/// <summary>Every event that the service logs beside those of the engine, each with its number from 101. None holds a header, a query, a body or a secret.</summary>
internal static partial class ServiceMessages
{
    public const string Category = "Headgate.Service";

    [LoggerMessage(EventId = 101, EventName = "Started", Level = LogLevel.Information, Message = "listening on {Urls}")]
    public static partial void Started(this ILogger log, string urls);

    [LoggerMessage(EventId = 102, EventName = "JobsKept", Level = LogLevel.Information, Message = "jobs are kept in {Directory}; {Open} that have not ended go on")]
    public static partial void JobsKept(this ILogger log, string directory, long open);

    [LoggerMessage(EventId = 103, EventName = "JobsInMemory", Level = LogLevel.Information, Message = "jobs are kept in memory: they end with this process")]
    public static partial void JobsInMemory(this ILogger log);

    [LoggerMessage(EventId = 104, EventName = "Stopping", Level = LogLevel.Information, Message = "stopping: what is in flight has {Seconds:0} s to end, all else goes on at the next start")]
    public static partial void Stopping(this ILogger log, double seconds);

    [LoggerMessage(EventId = 105, EventName = "Stopped", Level = LogLevel.Information, Message = "stopped; {Open} jobs have not ended")]
    public static partial void Stopped(this ILogger log, long open);

    [LoggerMessage(EventId = 106, EventName = "JobsNotForgotten", Level = LogLevel.Error, Message = "old jobs are not forgotten: {Reason}")]
    public static partial void JobsNotForgotten(this ILogger log, string reason);

    [LoggerMessage(EventId = 107, EventName = "MetricsStarted", Level = LogLevel.Information, Message = "metrics at {Url}/metrics")]
    public static partial void MetricsStarted(this ILogger log, string url);

    [LoggerMessage(EventId = 108, EventName = "CallFailed", Level = LogLevel.Error, Message = "{Method} {Endpoint} failed")]
    public static partial void CallFailed(this ILogger log, Exception failure, string method, string endpoint);

    [LoggerMessage(EventId = 109, EventName = "CallAnswered", Level = LogLevel.Debug, Message = "{Method} {Endpoint} answered {Status} after {Milliseconds:0.###} ms")]
    public static partial void CallAnswered(this ILogger log, string method, string endpoint, int status, double milliseconds);

    [LoggerMessage(EventId = 110, EventName = "Exporting", Level = LogLevel.Information, Message = "traces and metrics go to {Endpoint}")]
    public static partial void Exporting(this ILogger log, string endpoint);

    [LoggerMessage(EventId = 111, EventName = "NotExported", Level = LogLevel.Warning, Message = "traces or metrics do not reach the collector: {Reason}")]
    public static partial void NotExported(this ILogger log, string reason);

    [LoggerMessage(EventId = 112, EventName = "VariablesIdle", Level = LogLevel.Warning, Message = "set, and without effect in this version: {Names}")]
    public static partial void VariablesIdle(this ILogger log, string names);
}
