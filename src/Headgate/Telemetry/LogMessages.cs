using Microsoft.Extensions.Logging;

namespace Headgate.Telemetry;

/// <summary>Every event that the library logs, each with its number. None holds a header, a query, a body or a secret.</summary>
internal static partial class LogMessages
{
    /// <summary>The category of <see cref="RequestStep"/>, which is many lines for each request.</summary>
    public const string Steps = "Headgate.Steps";

    [LoggerMessage(EventId = 1, EventName = "Notice", Level = LogLevel.Warning, Message = "{Notice}")]
    public static partial void Noticed(this ILogger log, string notice);

    [LoggerMessage(EventId = 2, EventName = "LimitsStartFull", Level = LogLevel.Information, Message = "Sends are not remembered, so limits of more than a minute ({Limits}) start full with each process; set StatePath to remember them")]
    public static partial void LimitsStartFull(this ILogger log, string limits);

    [LoggerMessage(EventId = 3, EventName = "AnswerForgotten", Level = LogLevel.Warning, Message = "An answer to {Method} {Address} is open for {Minutes} minutes and holds its place in the limits; whoever asked for it ({Caller}) has to read it to the end or dispose it")]
    public static partial void AnswerForgotten(this ILogger log, string method, string address, double minutes, string caller);

    [LoggerMessage(EventId = 4, EventName = "RequestHeld", Level = LogLevel.Information, Message = "{Upstream} asked for a pause of {Seconds:0.###} s")]
    public static partial void RequestHeld(this ILogger log, string upstream, double seconds);

    [LoggerMessage(EventId = 5, EventName = "RequestRetried", Level = LogLevel.Debug, Message = "{Method} to {Upstream} is tried again in {Seconds:0.###} s: {Reason}")]
    public static partial void RequestRetried(this ILogger log, string method, string upstream, double seconds, string? reason);

    [LoggerMessage(EventId = 6, EventName = "RequestFailed", Level = LogLevel.Debug, Message = "{Method} to {Upstream} failed after {Attempts} attempts, {Class}: {Detail}")]
    public static partial void RequestFailed(this ILogger log, string method, string upstream, int attempts, string @class, string? detail);

    [LoggerMessage(EventId = 7, EventName = "StateNotWritten", Level = LogLevel.Error, Message = "Sends could not be written to disk")]
    public static partial void StateNotWritten(this ILogger log, Exception failure);

    [LoggerMessage(EventId = 8, EventName = "RequestStep", Level = LogLevel.Trace, Message = "#{Number} {Id} {Step} at {Microseconds} µs: {Method} {Upstream}, {Attempts} sent, key {Key}, status {Status}, held by {HeldBy}")]
    public static partial void RequestStep(this ILogger log, long number, string? id, LineStep step, long microseconds, string method, string? upstream, int attempts, string? key, int status, string? heldBy);

    [LoggerMessage(EventId = 9, EventName = "LastKeyDied", Level = LogLevel.Error, Message = "No key of {Upstream} is left: the last, {Key}, is not used any more, since the server answered {Status}")]
    public static partial void LastKeyDied(this ILogger log, string upstream, string key, int status);
}
