namespace Headgate;

/// <summary>How a <see cref="GateLimiter"/> behaves beside its limits. Read once, when the limiter is made.</summary>
public sealed class GateLimiterOptions : GateLimiterSettings;
