namespace Headgate.Retries;

/// <summary>
/// The body of a request could not be read. Not an <see cref="IOException"/>: those the transport takes for failures of the connection.
/// </summary>
internal sealed class BodyUnreadableException : Exception
{
    public BodyUnreadableException(string message) : base(message) { }

    private BodyUnreadableException(string message, Exception cause) : base(message, cause) { }

    public static BodyUnreadableException Because(Exception cause) =>
        cause as BodyUnreadableException
        // Copying wraps what the stream threw into words that say nothing.
        ?? new($"its body cannot be read: {(cause is HttpRequestException { InnerException: { } inner } ? inner : cause).Message}", cause);
}
